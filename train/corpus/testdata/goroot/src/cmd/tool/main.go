// Copyright 2020 The Example Authors. All rights reserved.

// Tool is a command, and commands are left out when only the library is wanted.
package main
