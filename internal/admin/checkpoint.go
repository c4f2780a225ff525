package admin

import (
	"net/http"
	"time"

	"github.com/meterd/meterd/internal/checkpoint"
)

// Checkpoint is where the ledger stands, signed by its key.
type Checkpoint struct {
	Time  time.Time `json:"time"`
	Heads []string  `json:"heads"`
	// PublicKey verifies the checkpoint: PKIX in PEM.
	PublicKey string `json:"publicKey"`
	// Checkpoint is the text to keep, which `meterd check --since` takes.
	Checkpoint string `json:"checkpoint"`
}

// CheckpointOf puts a checkpoint into words.
func CheckpointOf(c checkpoint.Checkpoint, text []byte) (Checkpoint, error) {
	key, err := checkpoint.FormatPublic(c.Key)
	if err != nil {
		return Checkpoint{}, err
	}
	answer := Checkpoint{Time: c.Time, Heads: []string{}, PublicKey: string(key), Checkpoint: string(text)}
	for _, head := range c.Heads {
		answer.Heads = append(answer.Heads, head.String())
	}
	return answer, nil
}

// checkpoint goes by the machine's time: whoever keeps it compares it with other
// papers, not with the time of a sandbox.
func (a *Admin) checkpoint(r *http.Request) (any, error) {
	c, text, err := a.ledger.Checkpoint(r.Context(), time.Now())
	if err != nil {
		return nil, err
	}
	return CheckpointOf(c, text)
}
