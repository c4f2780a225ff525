package sellertest

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

const (
	// worldsAtOnce is how many worlds are played at the same time, and
	// roundsPerWorld how many rounds each of them has on the same disks.
	worldsAtOnce   = 6
	roundsPerWorld = 5
)

// TestCrash kills processes, and finds everything that was acknowledged.
func TestCrash(t *testing.T) {
	var sum tally
	t.Run("worlds", func(t *testing.T) {
		for seed, left := *firstSeed, *rounds; left > 0; seed, left = seed+1, left-roundsPerWorld {
			t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
				t.Parallel()
				rng := rand.New(rand.NewPCG(seed, 2))
				w := newWorld(t, newMachines(t, rng), rng)
				n := min(left, roundsPerWorld)
				sum.add(w, n, w.live(n))
			})
		}
	})
	sum.log(t)
}
