// Package client calls the AWS Marketplace Metering Service, at AWS or in a
// meterd, from Go.
//
// # First use
//
// Make one client and keep it. It finds Region, endpoint and credentials the
// way every AWS SDK does:
//
//	c, err := client.New(ctx, client.Config{})
//
// For a meterd on this machine, name its endpoint, or set
// AWS_ENDPOINT_URL_MARKETPLACE_METERING=http://127.0.0.1:8421 and the
// credentials that `meterd dev` has printed. A client that cannot have AWS
// credentials uses an API key of meterd's catalog:
//
//	c, err := client.New(ctx, client.Config{Endpoint: "http://127.0.0.1:8421", APIKey: "…"})
//
// A buyer arrives at your registration URL: [RegistrationHandler] is that page.
// Keep what it hands you with the account.
//
// When an hour is over, tell its usage, one record per buyer and dimension:
//
//	verdicts, err := c.SubmitAll(ctx, new("your-product-code"), []api.UsageRecord{{
//		Timestamp:            new(lastHour),
//		CustomerAWSAccountId: new("222233334444"),
//		Dimension:            new("users"),
//		Quantity:             new(int64(7)),
//	}})
//
// Look at each verdict: an accepted call may hold refused records. Records of
// products that are newer than 2026-06-01 name a LicenseArn, and no product
// code goes with them.
//
// A container checks at its start that its buyer may run it, with
// [Client.RegisterUsage] and [VerifyRegistration], and tells its own usage with
// [Client.MeterUsage].
//
// # What the client does for you
//
// It refuses unsent what is certain to be refused: everything that the model
// forbids, tags and allocations, a record for no buyer or for two, and, at AWS,
// usage whose time is over by the service's clock.
//
// It tries again, signed anew and otherwise byte for byte the same, after
// throttling, failures of the service, and lost answers. A retry cannot bill
// twice: a record that is there answers Success again.
//
// It corrects its signatures if this machine's clock is wrong and the service
// says so.
//
// # Errors
//
// Every call fails with an [*Error], which says what happened, how many
// attempts were made, and what to do. [Is] asks for an exception by its name;
// errors.As finds the *api.Error, errors.Is the cause of a call that got no
// answer, such as context.Canceled. [Error.Explanation], [Explain],
// [ExplainResponse] and [ExplainCapture] say in plain words what an answer means
// and whether a retry can help. [Client.Check] says without a call what is
// certain to be refused.
//
// Of meterd's packages this one imports api only; it knows the protocol and
// none of the service's insides.
package client
