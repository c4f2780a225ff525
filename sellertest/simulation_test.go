package sellertest

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
)

// simulatedRounds is how many rounds a simulated world has.
const simulatedRounds = 10

// TestSimulation plays worlds in one process. Its time passes by itself when all
// wait, so that a world takes a moment.
func TestSimulation(t *testing.T) {
	var sum tally
	for seed := *firstSeed; seed < *firstSeed+uint64(*worlds); seed++ {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rng := rand.New(rand.NewPCG(seed, 1))
				w := newWorld(t, newBubble(t, rng), rng)
				sum.add(w, simulatedRounds, w.live(simulatedRounds))
			})
		})
	}
	sum.log(t)
}
