package train

import "flag"

// Flags lets a command line set the options: -store, -devices, -wait and -progress.
func (o *Options) Flags(set *flag.FlagSet) {
	set.StringVar(&o.Store, "store", "", "folder of runs (default: those that come with the checkout, then runs in it)")
	set.IntVar(&o.Devices, "devices", 0, "devices that share each batch (default: as many GPUs as divide it, one for each micro-batch if accumulate is above 1; or one CPU)")
	set.BoolVar(&o.Wait, "wait", false, "wait for runs that another process works on")
	set.Func("progress", "bar, lines or none (default: what suits the output)", func(s string) error {
		o.Progress = Progress(s)
		return o.Progress.Validate()
	})
}
