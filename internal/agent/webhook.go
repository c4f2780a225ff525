package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"time"
)

// webhook posts messages in the form that Slack and its like take. Without a URL
// messages are logged only.
type webhook struct {
	url    string
	logger *slog.Logger
	http   http.Client
	// rests is until when nothing is sent, after it could not be reached.
	rests time.Time
}

func newWebhook(url string, logger *slog.Logger) *webhook {
	return &webhook{url: url, logger: logger, http: http.Client{Timeout: webhookTimeout}}
}

// send reports whether the message has arrived; if not, it is to be sent again.
func (h *webhook) send(ctx context.Context, text string) bool {
	if time.Now().Before(h.rests) {
		return false
	}
	h.logger.Warn("alert", "text", text)
	if h.url == "" {
		return true
	}
	if problem := h.post(ctx, text); problem != "" {
		h.rests = time.Now().Add(webhookPause)
		h.logger.Error("the alert could not be posted and will be posted again", "problem", problem, "pause", webhookPause)
		return false
	}
	return true
}

// post says what went wrong, without the URL, which is a secret.
func (h *webhook) post(ctx context.Context, text string) (problem string) {
	body, err := json.Marshal(map[string]string{"text": text})
	if err != nil {
		return err.Error() // unreachable: it is a text
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.url, bytes.NewReader(body))
	if err != nil {
		return "the webhook's URL is no URL"
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := h.http.Do(r)
	if err != nil {
		return "the webhook does not answer"
	}
	answer.Body.Close()
	if answer.StatusCode >= http.StatusMultipleChoices {
		return "the webhook answered " + answer.Status
	}
	return ""
}
