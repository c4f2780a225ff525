// Package catalog is the YAML file that a marketplace is written down in, and
// the way from there to marketplace values and back.
//
// [Parse] finds every mistake of a file at once and says of each the line, the
// field and the way out. It never prints a secret, also not a misplaced one.
// [Format] writes what Parse reads back. [Demo] is the marketplace that meterd
// starts with when it is given none.
//
// The package knows no store and no clock: now is an argument. It touches the
// disk only in [Load], which reads a catalog and the key files next to it. What
// a product or an agreement means is the marketplace's to say; here it is only
// written down.
package catalog
