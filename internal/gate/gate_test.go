package gate

import (
	"testing"
	"testing/synctest"
)

func TestCloseWaitsForThoseInside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g Gate
		if !g.Enter() || g.IsClosed() {
			t.Fatal("the gate is not open at first")
		}
		closed := make(chan bool, 1)
		go func() { closed <- g.Close() }()
		synctest.Wait()
		if !g.IsClosed() || g.Enter() {
			t.Error("somebody comes in while Close waits")
		}
		if len(closed) != 0 {
			t.Fatal("Close does not wait")
		}
		g.Leave()
		if first, again := <-closed, g.Close(); !first || again {
			t.Errorf("closing it says %v, and %v the second time", first, again)
		}
	})
}
