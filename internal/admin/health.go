package admin

import "net/http"

func (a *Admin) health(*http.Request) (any, error) {
	return map[string]string{"status": "up"}, nil
}

// ready tells a load balancer whether calls would be answered.
func (a *Admin) ready(*http.Request) (any, error) {
	if stopped := a.ledger.Stats().Stopped; stopped != nil {
		return nil, refuse(http.StatusServiceUnavailable, "the store accepts no writes: %v", stopped)
	}
	return map[string]string{"status": "ready"}, nil
}
