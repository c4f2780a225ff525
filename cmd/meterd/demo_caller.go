package main

import (
	"errors"
	"slices"
	"time"

	"github.com/meterd/meterd/internal/catalog"
	"github.com/meterd/meterd/internal/marketplace"
)

// demoSeller finds the key that calls for the demo marketplace's seller.
func demoSeller() (marketplace.Credential, error) {
	state, err := catalog.Demo(time.Now())
	if err != nil {
		return marketplace.Credential{}, err
	}
	for _, seller := range state.Sellers {
		for _, c := range seller.Credentials {
			if c.AccessKeyID != "" && c.Platform == "" {
				return c, nil
			}
		}
	}
	return marketplace.Credential{}, errNoDemoCaller
}

var errNoDemoCaller = errors.New("the demo marketplace has no credential for this call")

// demoRunning finds the key of a buyer's machine in the demo marketplace that
// runs a product: an EC2 instance for an AMI, else an ECS task.
func demoRunning(product string) demoCaller {
	return func() (marketplace.Credential, error) {
		state, err := catalog.Demo(time.Now())
		if err != nil {
			return marketplace.Credential{}, err
		}
		platform := marketplace.ECS
		for _, seller := range state.Sellers {
			if slices.ContainsFunc(seller.Products, func(p marketplace.Product) bool {
				return string(p.Code) == product && p.Kind == marketplace.AMI
			}) {
				platform = marketplace.EC2
			}
		}
		for _, buyer := range state.Buyers {
			for _, c := range buyer.Credentials {
				if c.Platform == platform {
					return c, nil
				}
			}
		}
		return marketplace.Credential{}, errNoDemoCaller
	}
}
