// Command train carries out one training run.
//
//	go run ./train/cmd/train -preset smoke
//	go run ./train/cmd/train -preset laptop -set optimizer.learning_rate=0.001 -set seed=2 -store runs -json
//	go run ./train/cmd/train -preset paper-120m -print > mine.json
//	go run ./train/cmd/train -config mine.json
//
// The same command again goes on where the run stopped, or returns at once if it
// is done. An interrupt stops after the current update, with a checkpoint; the
// exit status is then 3.
package main

import (
	"os"

	"firsttoken/train/command"
)

func main() { command.Main("train", command.Train, os.Args[1:]) }
