// Package ondevice computes the attention-sink metrics of package sinks as graph
// reductions, inside the computation of the block that produces the attention
// pattern. What leaves the device is linear in T; the pattern itself, [L, H, T,
// S], never does unless a caller asks for chosen heads.
//
// The definitions are those of package sinks (Gu et al. 2025, arXiv 2410.10781;
// Kobayashi et al. 2020, arXiv 2004.10102; Sun et al. 2024, arXiv 2402.17762);
// a test holds the two equal.
package ondevice
