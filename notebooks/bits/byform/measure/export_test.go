package measure

// Rounded and Loss are what tests of weights and of draws ask for.
var (
	Rounded = rounded
	Loss    = Plan.loss
)
