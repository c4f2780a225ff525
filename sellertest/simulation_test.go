package sellertest

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
)

// TestSimulation plays worlds in one process. Its time passes by itself when all
// wait, so that a world takes a moment.
func TestSimulation(t *testing.T) {
	var sum tally
	for seed := *firstSeed; seed < *firstSeed+uint64(*worlds); seed++ {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rng := rand.New(rand.NewPCG(seed, 1))
				w := newWorld(t, newBubble(t, rng), rng)
				sum.add(w, roundsPerWorld, w.live(roundsPerWorld))
			})
		})
	}
	sum.log(t)
}
