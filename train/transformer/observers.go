package transformer

import (
	"strings"

	. "github.com/gomlx/gomlx/core/graph"
)

// Observers joins observers into one whose outputs are theirs in order, so that a
// single pass serves all of them.
func Observers(list ...*Observer) *Observer {
	names := make([]string, len(list))
	for i, o := range list {
		names[i] = o.Name
	}
	joined := &Observer{
		Name: strings.Join(names, " and "),
		Observe: func(c *Config, n *Nodes, lens *Node) (outs []*Node) {
			for _, o := range list {
				outs = append(outs, o.Observe(c, n, lens)...)
			}
			return outs
		},
	}
	for _, o := range list {
		if o.Embedded != nil {
			joined.Embedded = func(c *Config, resid, lens *Node) (outs []*Node) {
				for _, o := range list {
					if o.Embedded != nil {
						outs = append(outs, o.Embedded(c, resid, lens)...)
					}
				}
				return outs
			}
			break
		}
	}
	return joined
}
