// Copyright 2020 The Example Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package alpha

func again() {
	// The loop looks at runes,
	// not at bytes; since a letter may take several bytes!
}

// Only this file has an extra sentence, about how Plan 9 counts letters.
func extra() {}
