// Package storetest holds every store to the contract of package store: Run is
// the one test that all of them must pass, Benchmark the one race that all of
// them run. It may use a store only through the contract, so that it cannot ask
// of one store what another could not give.
package storetest

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/meterd/meterd/internal/store"
)

// Subject is a store under test.
type Subject struct {
	// Open opens the store that lives in the directory dir, or makes it there.
	// It is called again with the same dir after Close, and with the dir of a
	// checkpoint. A store that lives elsewhere takes dir as its name.
	Open func(t *testing.T, dir string) store.Store
	// Volatile says that the store forgets everything on Close. Nothing is
	// then asked of it that needs a reopening.
	Volatile bool
	// Shard is the one that every store which Open returns numbers its calls
	// in: 0 for a store with one writer.
	Shard uint16
}

// Run holds a store to the contract.
func Run(t *testing.T, subject Subject) {
	for theme, tests := range themes {
		t.Run(theme, func(t *testing.T) {
			for name, test := range tests {
				t.Run(name, func(t *testing.T) { test(newFixture(t, subject)) })
			}
		})
	}
	if !subject.Volatile {
		t.Run("reopen", func(t *testing.T) { testReopen(newFixture(t, subject)) })
	}
	t.Run("model", func(t *testing.T) { testModel(t, subject) })
	t.Run("replay", func(t *testing.T) { testReplay(t, subject) })
}

// themes are all tests but those that Run calls by name.
var themes = map[string]map[string]func(*fixture){
	"facts": {
		"told again":                testToldAgain,
		"equal keys in one request": testEqualKeysInOneRequest,
		"each field of a key":       testEachFieldOfAKey,
		"extreme values":            testExtremeValues,
		"guard":                     testGuard,
		"until":                     testUntil,
		"unknown kinds":             testUnknownKinds,
		"lookup":                    testLookup,
		"buffers of a request":      testBuffersOfARequest,
		"buffers of an answer":      testBuffersOfAnAnswer,
		"decisions are reused":      testDecisionsAreReused,
	},
	"calls": {
		"outcomes and order": testCallOutcomesAndOrder,
		"without facts":      testCallWithoutFacts,
		"resume":             testCallsResume,
		"chain":              testChain,
		"heads":              testHeads,
		"large":              testLargeCall,
	},
	"scan": {
		"order":                      testScanOrder,
		"edges of the range":         testScanEdges,
		"resume after a key":         testScanResume,
		"pages":                      testScanPages,
		"break":                      testScanBreak,
		"use of the store in a scan": testUseInScan,
		"cancelled on the way":       testScanCancelled,
	},
	"retention": {
		"drop before":       testDropBefore,
		"told after a drop": testToldAfterDrop,
		"reset":             testReset,
		"drop calls":        testDropCalls,
		"drop all calls":    testDropAllCalls,
	},
	"load": {
		"another's calls and facts": testLoad,
		"goes on":                   testLoadGoesOn,
		"other shards":              testLoadShards,
		"gaps":                      testLoadGaps,
		"buffers":                   testLoadBuffers,
	},
	"names": {
		"same for ever": testNames,
		"odd names":     testOddNames,
		"concurrent":    testNamesConcurrent,
		"buffers":       testNameBuffers,
	},
	"rows": {
		"versions":    testRowVersions,
		"all or none": testRowsAllOrNone,
		"twice":       testRowTwice,
		"order":       testRowOrder,
		"all tables":  testRowsOfAllTables,
		"buffers":     testRowBuffers,
		"concurrent":  testRowsConcurrent,
	},
	"concurrent": {
		"identical":   testIdenticalRequests,
		"conflicting": testConflictingRequests,
		"disjoint":    testDisjointRequests,
		"overlapping": testOverlappingRequests,
	},
	"life": {
		"cancelled context": testCancelledContext,
		"closed":            testClosed,
		"close under load":  testCloseUnderLoad,
		"close in a scan":   testCloseInScan,
		"checkpoint":        testCheckpoint,
		"stats":             testStats,
	},
}

// fixture is one store with the means to ask it.
type fixture struct {
	*testing.T
	ctx     context.Context
	subject Subject
	dir     string
	store   store.Store
}

func newFixture(t *testing.T, subject Subject) *fixture {
	t.Helper()
	f := &fixture{T: t, ctx: t.Context(), subject: subject, dir: filepath.Join(t.TempDir(), "store")}
	f.store = f.open(f.dir)
	return f
}

// open opens a store that is closed at the end, if it is not before.
func (f *fixture) open(dir string) store.Store {
	f.Helper()
	s := f.subject.Open(f.T, dir)
	f.Cleanup(func() {
		if err := s.Close(); err != nil && !errors.Is(err, store.ErrClosed) {
			f.Errorf("closing the store: %v", err)
		}
	})
	return s
}

// reopen closes the store and opens it anew.
func (f *fixture) reopen() {
	f.Helper()
	f.must(f.store.Close())
	f.store = f.open(f.dir)
}

// id is that of the n-th call.
func (f *fixture) id(n int) store.CallID { return store.NewCallID(f.subject.Shard, uint64(n)) }

func (f *fixture) must(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}
