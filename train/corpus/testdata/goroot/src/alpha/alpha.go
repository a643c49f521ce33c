// Copyright 2020 The Example Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build linux || plan9
// +build linux plan9

// Package alpha counts the letters of a text. It exists to show how comments
// become documents.
//
// A second paragraph follows, after a blank line:
//
//	n := alpha.Count("letters")
//
// # Limits
//
// It knows these limits:
//   - texts are short, and
//   - letters are from one alphabet.
package alpha

/*
#include <stdio.h>
static int not_english(void) { return 0; }
*/
import "C"

//go:generate stringer -type=Kind
//sys	read(fd int, p []byte) (n int, err error)

// A Kind says which letters [Count] counts; see [fmt.Stringer].
type Kind int

// The ported code that follows came with this notice:
//
// Copyright (c) 1993 by Somebody Else. All rights reserved.
// Permission to use, copy, modify, and distribute this software is granted.

// Count returns the number of letters.
//
//go:noinline
func Count(text string) int {
	// scratch variable
	n := 0
	// The loop looks at runes, not at bytes, since a letter may take several bytes.
	for range text {
		n++ // one more
	}
	// if n > 10 { n = 10; return n + n + n }
	//return n - 1
	// for i := range n {
	// 	fmt.Println(i, "is one of the letters", n)
	// }
	return n
}
