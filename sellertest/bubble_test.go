package sellertest

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/meterd/meterd/internal/admin"
	"github.com/meterd/meterd/internal/agent"
	"github.com/meterd/meterd/internal/catalog"
	"github.com/meterd/meterd/internal/clock"
	"github.com/meterd/meterd/internal/ledger"
	"github.com/meterd/meterd/internal/outbox"
	"github.com/meterd/meterd/internal/plan"
	"github.com/meterd/meterd/internal/server"
	"github.com/meterd/meterd/internal/store"
	"github.com/meterd/meterd/internal/store/memstore"
)

// bubble is a stage in one process: the agent over a disk in memory, the service
// over a ledger in memory, and calls that are method calls.
type bubble struct {
	*testing.T
	rng   *rand.Rand
	wires *network
	clock *clock.Clock

	tower   http.Handler
	books   store.Store
	service atomic.Pointer[http.ServeMux]

	disk *vfs.MemFS
	life atomic.Pointer[life]
}

// life is an agent from its start to its end.
type life struct {
	agent *agent.Agent
	stop  context.CancelFunc
	ended sync.WaitGroup
	// over is set in the moment of its death. Whatever it does afterwards is
	// seen by nobody.
	over atomic.Bool
	// writes are left until it dies; 0 or less is no limit.
	writes atomic.Int64

	// dying guards the image of the disk, of which a power cut keeps a share of
	// what was not confirmed; 100 percent is a killed process.
	dying sync.Mutex
	disk  *vfs.MemFS
	rng   *rand.Rand
	image *vfs.MemFS
}

func newBubble(t *testing.T, rng *rand.Rand) *bubble {
	b := &bubble{T: t, rng: rng, clock: new(clock.Clock), books: memstore.New(), disk: vfs.NewCrashableMem()}
	b.tower = newTower(t, b.clock)
	b.wires = newNetwork(handlerTransport(b.serve), rand.New(rand.NewPCG(rng.Uint64(), 0)))
	t.Cleanup(func() { b.killAgent() })
	return b
}

// handlerTransport is an http.RoundTripper that calls a handler.
type handlerTransport func(*http.Request) (http.Handler, error)

var errNobody = errors.New("nobody answers")

func (find handlerTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	handler, err := find(r)
	if err != nil {
		return nil, err
	}
	incoming := r.Clone(r.Context())
	incoming.Host = r.URL.Host
	incoming.RequestURI = r.URL.RequestURI()
	incoming.RemoteAddr = "127.0.0.1:1"
	if incoming.Body == nil {
		incoming.Body = http.NoBody
	}
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, incoming)
	return recorder.Result(), nil
}

func (b *bubble) serve(*http.Request) (http.Handler, error) {
	if service := b.service.Load(); service != nil {
		return service, nil
	}
	return nil, errNobody
}

func (b *bubble) network() *network { return b.wires }

func (b *bubble) steer(now time.Time) { b.clock.Set(now) }

func (b *bubble) startService() {
	l, err := ledger.Open(b.Context(), ledger.Config{Store: b.books, Clock: b.clock})
	if err != nil {
		b.Fatal(err)
	}
	source, err := os.ReadFile(marketplaceFile)
	if err != nil {
		b.Fatal(err)
	}
	state, err := catalog.Parse(source, catalog.Options{File: marketplaceFile, Now: b.clock.Now()})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := l.Apply(b.Context(), state); err != nil {
		b.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle(admin.Prefix, admin.New(admin.Config{Ledger: l}))
	mux.Handle("/", server.New(server.Config{Ledger: l}))
	b.service.Store(mux)
}

func (b *bubble) killService() { b.service.Store(nil) }

func (b *bubble) admin() *caller {
	return &caller{client: &http.Client{Transport: handlerTransport(b.serve)}, base: "http://localhost"}
}

// startAgent starts an agent on the disk as the last one left it.
func (b *bubble) startAgent() {
	ctx, stop := context.WithCancel(context.Background())
	l := &life{stop: stop, disk: b.disk, rng: rand.New(rand.NewPCG(b.rng.Uint64(), 0))}
	watched := errorfs.Wrap(l.disk, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind.ReadOrWrite() == errorfs.OpIsWrite && l.writes.Load() > 0 && l.writes.Add(-1) == 0 {
			l.die()
		}
		return nil
	}))
	p := plan.ForProduct("prod-legacy", "http://localhost")
	p.Products = append(p.Products, plan.Product{Code: modernProduct, Service: p.Products[0].Service})
	p.Services[0].Region, p.Services[0].Rate = "us-east-1", 1000
	p.Data, p.Clock = "outbox", "http://localhost"
	a, err := agent.Open(ctx, agent.Config{
		Plan: p, Logger: slog.New(slog.DiscardHandler),
		HTTPClient: &http.Client{Transport: l.through(b)},
		Credentials: func(*plan.Service) aws.CredentialsProvider {
			return credentials.NewStaticCredentialsProvider("AKIDSELLER", "secret-seller", "")
		},
		Outbox: outbox.Config{FS: watched, MemTableBytes: 256 << 10},
	})
	if err != nil {
		b.Fatal(err)
	}
	l.agent = a
	l.ended.Go(func() { a.Run(ctx) })
	b.life.Store(l)
}

// through lets a life's calls onto the network. The clock is told apart from
// that, because the follower has no retries to prove.
func (l *life) through(b *bubble) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		switch {
		case l.over.Load():
			return nil, errNobody
		case strings.HasPrefix(r.URL.Path, admin.Prefix):
			return handlerTransport(func(*http.Request) (http.Handler, error) { return b.tower, nil }).RoundTrip(r)
		}
		return b.wires.RoundTrip(r)
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// die takes the image of the disk that the next life finds.
func (l *life) die() {
	l.dying.Lock()
	defer l.dying.Unlock()
	if !l.over.Swap(true) {
		l.image = l.disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 50 * l.rng.IntN(3), RNG: l.rng})
	}
}

// killAgent cuts the power at one of the next writes, or at once if there are
// none.
func (b *bubble) killAgent() {
	l := b.life.Swap(nil)
	if l == nil {
		return
	}
	l.writes.Store(int64(1 + b.rng.IntN(20)))
	for end := time.Now().Add(time.Second); !l.over.Load() && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
	l.die()
	l.stop()
	l.ended.Wait()
	if err := l.agent.Close(); err != nil {
		b.Error(err)
	}
	b.disk = l.image
}

// agent calls the living agent. What it answers in the moment of its death does
// not arrive.
func (b *bubble) agent() *caller {
	l := b.life.Load()
	return &caller{base: "http://localhost", client: &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		if l == nil || l.over.Load() {
			return nil, errNobody
		}
		response, err := handlerTransport(func(*http.Request) (http.Handler, error) { return l.agent, nil }).RoundTrip(r)
		if l.over.Load() {
			return nil, errCut
		}
		return response, err
	})}}
}
