package catalog

import (
	"cmp"
	"slices"

	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/metering"
)

// settings reads those that the catalog names. The others stay as they are
// where the catalog is applied.
func settings(o object) marketplace.Settings {
	s := marketplace.Settings{
		Region:  optional[metering.Region](o, "region", region),
		Profile: optional[string](o, "profile", profile),
	}
	s.Switches = switches(o, cmp.Or(s.Profile, metering.DefaultProfile))
	return s
}

// switches reads what is overridden of a profile.
func switches(o object, profileName string) map[string]string {
	if !o.has("switches") {
		return nil
	}
	entries, _ := o.at("switches").entries("write a mapping of names to values, such as batchWindow: 6h")
	p, err := metering.ProfileNamed(profileName)
	if err != nil {
		// unreachable unless the field's form lets an unknown profile pass
		o.at("profile").mistake("%v", err)
		return nil
	}
	set := map[string]string{}
	for _, e := range entries {
		v := o.r.value(e.at, e.node, e.at.path)
		text, ok := v.scalar()
		if !ok {
			v.unreadable("write one value, such as 6h, true or 500")
			continue
		}
		if err := p.Set(e.key, text); err != nil {
			if !switchExists(e.key) {
				v = e.at
			}
			v.mistake("%v", err)
			continue
		}
		e.at.once("switch", e.key)
		set[e.key] = text
	}
	return set
}

func switchExists(name string) bool {
	return slices.ContainsFunc(metering.Switches, func(s metering.Switch) bool { return s.Name == name })
}
