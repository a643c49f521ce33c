// Command sweep carries out a grid of training runs, those that are not done.
//
//	go run ./train/cmd/sweep -grid context.json
//	go run ./train/cmd/sweep -preset smoke -axis 'model.layers=1; model.layers=2' -axis 'seed=1; seed=2'
//	go run ./train/cmd/sweep -grid context.json -status
//
// Several processes can work on one store: each takes a run that nobody has. As
// one job of an array, -index and -of choose its share; their defaults come from
// $JOB_COMPLETION_INDEX (Kubernetes) or $SLURM_ARRAY_TASK_ID.
package main

import (
	"os"

	"firsttoken/train/command"
)

func main() { command.Main("sweep", command.Sweep, os.Args[1:]) }
