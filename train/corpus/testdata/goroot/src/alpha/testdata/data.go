// Package data is test data, read by a test and never built as a part of the library.
package data
