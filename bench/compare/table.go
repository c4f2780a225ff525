package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// print tells what was found.
func (c *comparison) print(w io.Writer) error {
	fmt.Fprintf(w, "%s; one sync of %d appended bytes takes %s (median)\n\n", machine(), syncBytes, inMicroseconds(c.single.sync))
	rows := [][]string{strings.Fields("connections side records/s ratio ratio-by-CPU p50/ms p99/ms p99.9/ms max/ms CPU/request generator's others' memory/MiB")}
	for _, p := range c.pairs {
		rows = append(rows,
			p.ceiling.row(p.connections, "ceiling"),
			p.service.row(p.connections, "service", fmt.Sprintf("%.3f", p.ratio()), fmt.Sprintf("%.3f", p.ratioByCPU())))
	}
	if c.long != nil {
		rows = append(rows, c.long.sample.row(longConnections, "long run"))
	}
	printRows(w, rows)
	f := c.footing
	fmt.Fprintf(w, "\nThe last ledger: %d records, %.0f bytes of disk for each; restart %.2f s, after kill -9 %.2f s.\n",
		f.records, f.perRecord(), f.restart.Seconds(), f.crash.Seconds())
	if l := c.long; l != nil {
		fmt.Fprintf(w, "The long run: %d records, %.0f/s in the first tenth, %.0f/s in the last; ledger of %.0f MiB.\n",
			l.Records, l.FirstTenth, l.LastTenth, mebibytes(l.disk))
	}
	fmt.Fprintf(w, "One after the other (median): a MeterUsage %s, a call to the ceiling %s, a sync %s.\n\n",
		inMicroseconds(c.single.call), inMicroseconds(c.single.bare), inMicroseconds(c.single.sync))
	rows = [][]string{strings.Fields("target wanted measured verdict")}
	for _, t := range c.targets() {
		rows = append(rows, t.row())
	}
	return printRows(w, rows)
}

// row is a sample's row; ratios are for the service only.
func (s sample) row(connections int, side string, ratios ...string) []string {
	cpu, others := "", ""
	if s.cpu >= 0 {
		cpu = inMicroseconds(s.cpu)
	}
	if s.others >= 0 {
		others = fmt.Sprintf("%.0f %%", 100*s.others)
	}
	row := append([]string{strconv.Itoa(connections), side, fmt.Sprintf("%.0f", s.RecordsPerSecond)}, ratios...)
	for len(row) < 5 {
		row = append(row, "")
	}
	return append(row,
		fmt.Sprintf("%.2f", s.Latency.P50), fmt.Sprintf("%.2f", s.Latency.P99),
		fmt.Sprintf("%.2f", s.Latency.P999), fmt.Sprintf("%.1f", s.Latency.Max),
		cpu, inMicroseconds(s.generator), others, fmt.Sprintf("%.0f", mebibytes(s.resident)),
	)
}

func inMicroseconds(d time.Duration) string { return fmt.Sprintf("%.1fµs", d.Seconds()*1e6) }

func printRows(w io.Writer, rows [][]string) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(table, strings.Join(row, "\t"))
	}
	return table.Flush()
}
