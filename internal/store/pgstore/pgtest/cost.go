package pgtest

import (
	"os"
	"time"
)

// Cost is what some work took. On a machine that others use too, CPU says more
// than Time.
type Cost struct{ Time, CPU time.Duration }

// Measure does some work, and returns what it took of this process, of the
// cluster, and of other processes.
func (c *Cluster) Measure(work func(), others ...int) Cost {
	cpu := func() (sum time.Duration) {
		for _, pid := range append(family(c.server.process.Process.Pid), append(others, os.Getpid())...) {
			sum += cpuTime(pid)
		}
		// Those that have ended in the meantime are their parent's.
		return sum + cpuTimeOfEnded(c.server.process.Process.Pid)
	}
	cost, start := Cost{CPU: -cpu()}, time.Now()
	work()
	cost.Time = time.Since(start)
	cost.CPU += cpu()
	return cost
}
