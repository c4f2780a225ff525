package catalog

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/mistake"
)

// Options says what a catalog cannot say itself.
type Options struct {
	// File is the catalog's name in mistakes; "catalog.yaml" if empty.
	File string
	// Now is when registration tokens were minted that do not say so.
	Now time.Time
	// ReadFile reads a privateKeyFile, by the name that the catalog has for
	// it. Without it, catalogs that name such files are refused.
	ReadFile func(name string) ([]byte, error)
}

// Load reads the catalog at path and the key files that it names, which are
// relative to its own folder. Mistakes in the catalog are an *[mistake.List].
func Load(path string, now time.Time) (marketplace.State, error) {
	source, err := readUpTo(path, sourceBytesMax)
	if err != nil {
		return marketplace.State{}, fmt.Errorf("reading catalog: %w", err)
	}
	return Parse(source, Options{File: path, Now: now, ReadFile: func(name string) ([]byte, error) {
		if !filepath.IsAbs(name) {
			name = filepath.Join(filepath.Dir(path), name)
		}
		return readUpTo(name, keyBytesMax)
	}})
}

// readUpTo reads one byte more than the limit of a file that is larger, so
// that whoever knows the limit refuses it.
func readUpTo(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit+1))
}

// Parse reads a catalog. All mistakes in it are told at once, as an *[mistake.List].
// A State that Parse returns is one that [marketplace.NewMarket] takes.
func Parse(source []byte, options Options) (marketplace.State, error) {
	found := &mistake.List{File: cmp.Or(options.File, "catalog.yaml")}
	root, wrong := syntax(source)
	if wrong != nil {
		found.Add(*wrong)
		return marketplace.State{}, found
	}
	r := &reader{
		options:  options,
		errors:   found,
		aliases:  findAliases(root),
		taken:    map[name]int{},
		products: map[metering.ProductCode]listed{},
	}
	state := r.catalog(r.value(value{r: r}, root, ""))
	if r.tooMuch != nil {
		// What was not read cannot be told from what is missing.
		found.Mistakes, found.Omitted = []mistake.Mistake{*r.tooMuch}, 0
	}
	if err := found.OrNil(); err != nil {
		return marketplace.State{}, err
	}
	if _, err := marketplace.NewMarket(state); err != nil {
		// unreachable unless the marketplace learned a rule that the reader
		// does not know: mistakes with a line are better than this.
		return marketplace.State{}, fmt.Errorf("checking the marketplace of %s: %w", found.File, err)
	}
	return state, nil
}

// reader turns the nodes of one file into a State and collects mistakes.
type reader struct {
	options Options
	errors  *mistake.List
	aliases aliases
	aliased int              // values read through aliases
	tooMuch *mistake.Mistake // set when they are too many

	// taken holds the names that may be used once, with their line.
	taken map[name]int
	// products and codes are what agreements can be on.
	products map[metering.ProductCode]listed
	codes    []metering.ProductCode

	tokens []marketplace.Token
}

// listed is what agreements need to know of a product.
type listed struct {
	seller metering.AccountID
	kind   marketplace.Kind
}

var catalogKeys = keys{names: []string{"region", "profile", "switches", "sellers", "buyers"}}

// catalog reads the whole file. Sellers come first wherever they stand, since
// agreements name their products.
func (r *reader) catalog(v value) marketplace.State {
	o, ok := v.object(catalogKeys)
	if !ok {
		return marketplace.State{}
	}
	return marketplace.State{
		Settings: settings(o),
		Sellers:  each(o, "sellers", r.seller),
		Buyers:   each(o, "buyers", r.buyer),
		Tokens:   r.tokens,
	}
}

// name is one that may be used once, among all of its sort or among those in
// the mapping that within names.
type name struct{ sort, within, text string }

// once reports a name that is in use already, and takes it otherwise.
func (v value) once(sort, text string) { v.onceWithin("", sort, text) }

func (v value) onceWithin(within, sort, text string) {
	if text == "" {
		return // it was wrong or missing
	}
	if line, ok := v.taken(name{sort, within, text}); ok {
		v.mistake("%s stands in line %d already; write each %s once", mistake.Shown(text), line, sort)
	}
}

// secretOnce is once for names that are not repeated.
func (v value) secretOnce(sort, text string) {
	if text == "" {
		return // it was wrong or missing
	}
	if line, ok := v.taken(name{sort: sort, text: text}); ok {
		v.mistake("the same %s stands in line %d already; write each once", sort, line)
	}
}

func (v value) taken(n name) (line int, ok bool) {
	if line, ok = v.r.taken[n]; !ok {
		v.r.taken[n] = v.line
	}
	return line, ok
}
