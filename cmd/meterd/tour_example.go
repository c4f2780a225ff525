package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/meterd/meterd/internal/marketplace"
	"github.com/meterd/meterd/internal/metering"
)

// example is a buyer whose usage will be accepted, told at a time.
type example struct {
	product metering.ProductCode
	mode    marketplace.Mode
	license metering.LicenseARN
	// customer is set where the buyer is addressed by code, account where by
	// licence.
	customer   metering.CustomerID
	account    metering.AccountID
	dimensions []marketplace.Dimension
	at         time.Time
}

// exampleQuantity is the same in every command: a product with one dimension
// meets the same record again, and that is a retry and no duplicate.
const exampleQuantity = 3

const exampleTime = "2006-01-02T15:04:05Z"

// shorthand is the example's first dimension as aws-cli's flags.
func (e *example) shorthand() string {
	record := "Timestamp=" + e.at.UTC().Format(exampleTime)
	product := ""
	if e.account != "" {
		record += fmt.Sprintf(",CustomerAWSAccountId=%s,LicenseArn=%s", e.account, shorthandWord(string(e.license)))
	} else {
		product = "--product-code " + quote(string(e.product)) + " "
		record += ",CustomerIdentifier=" + shorthandWord(string(e.customer))
	}
	record += fmt.Sprintf(",Dimension=%s,Quantity=%d", shorthandWord(string(e.dimensions[0].Key)), exampleQuantity)
	return fmt.Sprintf("batch-meter-usage %s--usage-records %s", product, quote(record))
}

// shorthandWord writes a value of aws-cli's shorthand, where a comma would end
// it.
func shorthandWord(s string) string {
	if !strings.ContainsAny(s, "\"'\\,=[]{} \t\r\n") {
		return s
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// body is the request for the last dimension, which is not the one that the
// other commands tell if there are several. Dialects differ in the timestamp.
func (e *example) body(timestamp any) string {
	record := map[string]any{
		"Timestamp": timestamp, "Quantity": exampleQuantity,
		"Dimension": e.dimensions[len(e.dimensions)-1].Key,
	}
	request := map[string]any{"UsageRecords": []any{record}}
	if e.account != "" {
		record["CustomerAWSAccountId"], record["LicenseArn"] = e.account, e.license
	} else {
		record["CustomerIdentifier"], request["ProductCode"] = e.customer, e.product
	}
	text, err := json.Marshal(request)
	if err != nil {
		// unreachable: these are texts and numbers.
		return err.Error()
	}
	return string(text)
}

// example is the one that every client can tell; nil if there is none.
func (t *tour) example() *example {
	if t.byCode != nil {
		return t.byCode
	}
	return t.byLicense
}

// commands are lines to paste into a shell, each of which works.
func (t *tour) commands() (lines []string) {
	signed := t.key.AccessKeyID != ""
	aws := fmt.Sprintf("aws --endpoint-url %s meteringmarketplace ", t.url)
	if len(t.tokens) > 0 && signed {
		lines = append(lines, aws+"resolve-customer --registration-token "+quote(t.tokens[0].Value))
	}
	if e := t.example(); e != nil {
		if signed {
			lines = append(lines, aws+e.shorthand())
		}
		if signed || t.apiKey != "" {
			lines = append(lines, t.curl(e))
		}
	}
	// Older aws-cli does not know LicenseArn; this program does.
	if t.byLicense != nil && signed {
		lines = append(lines, fmt.Sprintf("%s %s%s", self(), t.byLicense.shorthand(), t.unlessDefault("--endpoint-url")))
	}
	return append(lines, self()+" records"+t.unlessDefault("--admin-url"))
}

// unlessDefault is a flag that says where the service is, if it has to be said.
func (t *tour) unlessDefault(flag string) string {
	if t.url == adminURLs[0] {
		return ""
	}
	return " " + flag + " " + t.url
}

// curl is a command for curl: with the API key, or signed.
func (t *tour) curl(e *example) string {
	line := "curl " + t.url
	head, timestamp := []string{"Content-Type: application/json", "Authorization: " + t.apiKey}, any(e.at.UTC().Format(exampleTime))
	if t.apiKey == "" {
		line += fmt.Sprintf(" --user %s --aws-sigv4 aws:amz:%s:aws-marketplace",
			quote(t.key.AccessKeyID+":"+t.key.SecretAccessKey), t.market.Settings.Region)
		// In this dialect a time is a number of seconds.
		head, timestamp = []string{"Content-Type: application/x-amz-json-1.1"}, e.at.Unix()
		if t.key.SessionToken != "" {
			head = append(head, "X-Amz-Security-Token: "+t.key.SessionToken)
		}
	}
	for _, h := range append(head, "X-Amz-Target: AWSMPMeteringService.BatchMeterUsage") {
		line += " -H " + quote(h)
	}
	return line + " -d " + quote(e.body(timestamp))
}
