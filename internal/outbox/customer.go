package outbox

import "slices"

// Customers returns the customers that go by a name, which is an identifier or
// an account: an account may have several licences. It looks at every customer.
func (o *Outbox) Customers(name string) []Customer {
	var found []Customer
	o.mu.RLock()
	for c := range o.byCustomer {
		if name != "" && (string(c.Identifier) == name || string(c.Account) == name) {
			found = append(found, c)
		}
	}
	o.mu.RUnlock()
	slices.SortFunc(found, func(a, b Customer) int { return compareKeys(Key{Customer: a}, Key{Customer: b}) })
	return found
}

// States lists the states that a record can be in.
func States() []State { return slices.Clone(states) }
