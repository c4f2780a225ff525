package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
)

// webhook posts messages in the form that Slack and its like take. Without a URL
// messages are logged only.
type webhook struct {
	url    string
	logger *slog.Logger
	http   http.Client
}

func newWebhook(url string, logger *slog.Logger) *webhook {
	return &webhook{url, logger, http.Client{Timeout: webhookTimeout}}
}

// send reports whether the message has arrived; if not, it is to be sent again.
// The URL is a secret and is not logged.
func (h *webhook) send(ctx context.Context, text string) bool {
	h.logger.Warn("alert", "text", text)
	if h.url == "" {
		return true
	}
	body, err := json.Marshal(map[string]string{"text": text})
	if err != nil {
		return true // unreachable: it is a text
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.url, bytes.NewReader(body))
	if err != nil {
		h.logger.Error("the webhook's URL is no URL")
		return true
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := h.http.Do(r)
	if err != nil {
		h.logger.Error("the webhook cannot be reached; the alert will be told again")
		return false
	}
	answer.Body.Close()
	if answer.StatusCode >= http.StatusMultipleChoices {
		h.logger.Error("the webhook refused; the alert will be told again", "status", answer.StatusCode)
		return false
	}
	return true
}
