package plan

import (
	"slices"

	"github.com/meterd/meterd/internal/metering"
	"github.com/meterd/meterd/internal/mistake"
)

// ratio is how a metric becomes a dimension: a quantity times multiply is
// divide times the billed units.
type ratio struct {
	name             string
	multiply, divide int64
}

// readDimension reads a dimension and the metrics that become it.
func readDimension(n node, p *Product) Dimension {
	f := n.fields("key", "included", "metrics")
	d := Dimension{Key: metering.Dimension(f.get("key").required("a dimension's key")), Per: 1, Included: f.get("included").whole(0, 0)}
	var ratios []ratio
	for _, item := range f.get("metrics").items() {
		m := item.fields("name", "multiply", "divide")
		ratios = append(ratios, ratio{m.get("name").required("the name that programs tell"), m.get("multiply").whole(1, 1), m.get("divide").whole(1, 1)})
	}
	if len(ratios) == 0 {
		ratios = []ratio{{string(d.Key), 1, 1}}
	}
	if !d.take(ratios) {
		n.mistake("multiply and divide of the metrics come to more than %d together; choose units that are closer to one another", int64(ratioMax))
	}
	taken := p.metrics()
	for _, m := range d.Metrics {
		if slices.Contains(taken, m.Name) {
			n.mistake("metric %s is told by another entry already; a metric becomes one dimension", mistake.Shown(m.Name))
		}
		taken = append(taken, m.Name)
	}
	if slices.ContainsFunc(p.Dimensions, func(other Dimension) bool { return other.Key == d.Key }) {
		n.mistake("dimension %s stands above already; write all of its metrics there", mistake.Shown(string(d.Key)))
	}
	return d
}

// take finds the unit that all metrics are whole multiples of: the dimension is
// counted in it, so that nothing is rounded, and what does not fill a billed
// unit is carried on. It reports false if that unit is too fine.
func (d *Dimension) take(ratios []ratio) bool {
	for _, r := range ratios {
		reduced := r.divide / divisor(r.multiply, r.divide)
		d.Per = d.Per / divisor(d.Per, reduced) * reduced
		if d.Per > ratioMax {
			d.Per = 1
			return false
		}
	}
	for _, r := range ratios {
		shared := divisor(r.multiply, r.divide)
		factor := r.multiply / shared * (d.Per / (r.divide / shared))
		if factor > ratioMax {
			return false
		}
		d.Metrics = append(d.Metrics, Metric{r.name, factor})
	}
	return true
}

// divisor is the greatest that both have.
func divisor(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
