package usagefile

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/meterd/meterd/api"
)

// Row is one row of a file.
type Row struct {
	// Line is where it begins, from 1.
	Line int
	// Product is the row's product code, or that of all rows. With a licence it
	// is not told (M0119), and may be empty.
	Product string
	Usage   api.UsageRecord
	// Mistake says why the row cannot be told; "" if it can.
	Mistake string
	// lost says that the mistake hides what record the row belongs to.
	lost bool
}

// Options say how a file is read.
type Options struct {
	Format  Format
	Mapping Mapping
	// Product is the code of rows that name none.
	Product string
	// ParseTime reads a time.
	ParseTime func(string) (time.Time, error)
}

// cells are the texts of a row.
type cells map[Field]string

// row reads a row.
func (o *Options) row(line int, texts cells) Row {
	for field := range texts {
		texts[field] = strings.TrimSpace(texts[field])
	}
	r := Row{Line: line, Product: cmp.Or(texts[Product], o.Product)}
	u := &r.Usage
	u.CustomerIdentifier, u.CustomerAWSAccountId = given(texts[Customer]), given(texts[Account])
	u.LicenseArn, u.Dimension = given(texts[License]), given(texts[Dimension])
	if err := o.place(&r, texts[Time]); err != nil {
		r.Mistake, r.lost = err.Error(), true
		return r
	}
	if err := amount(&r, texts); err != nil {
		r.Mistake = err.Error()
	}
	return r
}

// place reads what says which record a row belongs to.
func (o *Options) place(r *Row, when string) error {
	u := &r.Usage
	switch {
	case u.CustomerIdentifier == nil && u.CustomerAWSAccountId == nil:
		return errors.New("the row names no buyer")
	case u.Dimension == nil:
		return errors.New("the row names no dimension")
	case u.LicenseArn == nil && r.Product == "":
		return errors.New("the row names neither product nor licence; give the product code with --product")
	case when == "":
		return errors.New("the row has no time")
	}
	t, err := o.ParseTime(when)
	if err != nil {
		return err
	}
	u.Timestamp = new(t.UTC().Truncate(time.Millisecond)) // as fine as the service reads
	return nil
}

// amount reads the quantity and what it is made of.
func amount(r *Row, texts cells) error {
	if texts[Quantity] == "" {
		return errors.New("the row has no quantity; write 0 if that is meant")
	}
	n, err := strconv.ParseInt(texts[Quantity], 10, 64)
	if err != nil {
		return fmt.Errorf("quantity %q is not a whole number such as 7", texts[Quantity])
	}
	r.Usage.Quantity = &n
	r.Usage.UsageAllocations, err = parseAllocations(n, texts[Allocations], texts[Tags])
	return err
}

func given(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
