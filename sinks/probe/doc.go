// Package probe runs a decoder on documents, under interventions if asked, and
// returns a sinks.Trace for each: the metrics of package sinks, reduced on the
// device by package ondevice.
//
// An intervention is a value ([MaskKey], [ZeroValue], [AblateHead], [SkipUpdate],
// …), not a change of the model. It reaches the compiled block as data, so
// trying many costs one compilation.
package probe
