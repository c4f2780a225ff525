package client

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/marketplacemetering"
)

// regions are all that the official SDK lists, the pseudo-Regions of the
// partitions, and some that nobody has heard of.
var regions = strings.Fields(`
	af-south-1 ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2
	ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7
	aws-global ca-central-1 ca-west-1 eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2 eu-west-1
	eu-west-2 eu-west-3 il-central-1 me-central-1 me-south-1 mx-central-1 sa-east-1 us-east-1 us-east-2
	us-west-1 us-west-2 aws-cn-global cn-north-1 cn-northwest-1 eusc-de-east-1 aws-iso-global us-iso-east-1
	us-iso-west-1 aws-iso-b-global us-isob-east-1 us-isob-west-1 aws-iso-e-global eu-isoe-west-1
	aws-iso-f-global us-isof-east-1 us-isof-south-1 aws-us-gov-global us-gov-east-1 us-gov-west-1
	us-moon-7 cn-moon-7 us-gov-moon-7 eusc-de-moon-7 eusc-fr-moon-7 us-isof-moon-7 mars local a.b`)

// The official resolver says where each Region is.
func TestHostsAreTheOfficialOnes(t *testing.T) {
	official := marketplacemetering.NewDefaultEndpointResolverV2()
	for _, region := range regions {
		for _, variant := range []struct{ fips, dualStack bool }{{}, {fips: true}, {dualStack: true}, {true, true}} {
			want, err := official.ResolveEndpoint(t.Context(), marketplacemetering.EndpointParameters{
				Region: &region, UseFIPS: &variant.fips, UseDualStack: &variant.dualStack,
			})
			if err != nil {
				t.Fatal(err)
			}
			got, err := endpoint{region: region, fips: variant.fips, dualStack: variant.dualStack}.resolve()
			if err != nil || got.String() != want.URI.String()+"/" {
				t.Errorf("%s %+v: %v, %v; the official SDK has %s", region, variant, got, err, &want.URI)
			}
		}
	}
}

func TestRegionsThatCannotBeHosts(t *testing.T) {
	for _, region := range []string{"us east 1", "us-east-1/", "-us", "us-", "a..b", "ü", strings.Repeat("x", 64), "example.com#"} {
		if u, err := (endpoint{region: region}).resolve(); err == nil {
			t.Errorf("region %q has the endpoint %s", region, u)
		}
	}
}

// Environment and shared configuration count as in the official SDK.
func TestConfiguredEndpoints(t *testing.T) {
	const shared = "[default]\nregion = eu-west-1\nendpoint_url = http://shared\n"
	const services = shared + "services = local\n[services local]\nmarketplace_metering =\n  endpoint_url = http://shared-service\n"
	for name, test := range map[string]struct {
		env  map[string]string
		file string
		want string
	}{
		"nothing":                 {want: "https://metering.marketplace.us-east-1.amazonaws.com/"},
		"shared":                  {file: shared, want: "http://shared/"},
		"shared for the service":  {file: services, want: "http://shared-service/"},
		"environment":             {env: map[string]string{"AWS_ENDPOINT_URL": "http://env/base"}, file: services, want: "http://env/base"},
		"environment, service":    {env: map[string]string{"AWS_ENDPOINT_URL": "http://env", "AWS_ENDPOINT_URL_MARKETPLACE_METERING": "http://env-service"}, want: "http://env-service/"},
		"service alone":           {env: map[string]string{"AWS_ENDPOINT_URL_MARKETPLACE_METERING": "http://env-service"}, file: services, want: "http://env-service/"},
		"ignored":                 {env: map[string]string{"AWS_ENDPOINT_URL_MARKETPLACE_METERING": "http://env-service", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, file: services, want: "https://metering.marketplace.us-east-1.amazonaws.com/"},
		"FIPS":                    {env: map[string]string{"AWS_USE_FIPS_ENDPOINT": "true"}, want: "https://metering.marketplace-fips.us-east-1.amazonaws.com/"},
		"dual-stack":              {env: map[string]string{"AWS_USE_DUALSTACK_ENDPOINT": "true"}, want: "https://metering-marketplace.us-east-1.api.aws/"},
		"FIPS from a file":        {file: "[default]\nuse_fips_endpoint = true\n", want: "https://metering.marketplace-fips.us-east-1.amazonaws.com/"},
		"a pseudo-Region is FIPS": {env: map[string]string{"AWS_REGION": "fips-us-east-1"}, want: "https://metering.marketplace-fips.us-east-1.amazonaws.com/"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("AWS_REGION", "us-east-1")
			for k, v := range test.env {
				t.Setenv(k, v)
			}
			writeShared(t, test.file)
			c := newClient(t, Config{})
			if c.Endpoint() != test.want {
				t.Errorf("the endpoint is %s, want %s", c.Endpoint(), test.want)
			}
			if c.Region() != "us-east-1" {
				t.Errorf("the Region is %s", c.Region())
			}
		})
	}
}

func TestAGivenEndpointBeatsTheConfiguredOnes(t *testing.T) {
	t.Setenv("AWS_ENDPOINT_URL", "http://env")
	t.Setenv("AWS_ENDPOINT_URL_MARKETPLACE_METERING", "http://env-service")
	if c := newClient(t, Config{Region: "us-east-1", Endpoint: "http://given"}); c.Endpoint() != "http://given/" {
		t.Errorf("the endpoint is %s", c.Endpoint())
	}
}

func writeShared(t *testing.T, content string) {
	file := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_CONFIG_FILE", file)
}

// The same choice of a URL as the official client makes.
func TestConfiguredURLIsTheOfficialOne(t *testing.T) {
	for _, env := range []map[string]string{
		{},
		{"AWS_ENDPOINT_URL": "http://a"},
		{"AWS_ENDPOINT_URL_MARKETPLACE_METERING": "http://b"},
		{"AWS_ENDPOINT_URL": "http://a", "AWS_ENDPOINT_URL_MARKETPLACE_METERING": "http://b"},
		{"AWS_ENDPOINT_URL": "", "AWS_ENDPOINT_URL_MARKETPLACE_METERING": ""},
		{"AWS_ENDPOINT_URL_MARKETPLACE_METERING": "http://b", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
		{"AWS_ENDPOINT_URL": "http://a", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
	} {
		t.Run("", func(t *testing.T) {
			for k, v := range env {
				t.Setenv(k, v)
			}
			writeShared(t, "[default]\nregion = eu-west-1\nendpoint_url = http://c\nservices = s\n[services s]\nmarketplace_metering =\n  endpoint_url = http://d\n")
			official, err := config.LoadDefaultConfig(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			want := aws.ToString(marketplacemetering.NewFromConfig(official).Options().BaseEndpoint)
			got, err := configuredURL(t.Context(), official)
			if got != want || err != nil {
				t.Errorf("with %v: %q, %v; the official client has %q", env, got, err, want)
			}
		})
	}
}

func TestConfigsThatCannotBe(t *testing.T) {
	keys := credentials.NewStaticCredentialsProvider("AKID", secretKey, "")
	for name, test := range map[string]struct {
		config Config
		want   string
	}{
		"no Region":               {Config{Credentials: keys}, "no AWS Region"},
		"a Region that is none":   {Config{Region: "us east", Credentials: keys}, `"us east" is no AWS Region`},
		"an API key for AWS":      {Config{Region: "us-east-1", APIKey: secretAPI}, "an API key needs Config.Endpoint"},
		"FIPS and endpoint":       {Config{Region: "us-east-1", Endpoint: "http://x", FIPS: true}, "FIPS and a custom endpoint exclude each other"},
		"dual-stack and endpoint": {Config{Region: "us-east-1", Endpoint: "http://x", DualStack: true}, "dual-stack and a custom endpoint exclude each other"},
		"no URL":                  {Config{Region: "us-east-1", Endpoint: "localhost:8421"}, "must be a URL like"},
		"a password":              {Config{Region: "us-east-1", Endpoint: "http://me:" + secretAPI + "@x"}, "without user"},
		"a broken password":       {Config{Region: "us-east-1", Endpoint: "http://me:" + secretAPI + "%zz@x"}, "must be a URL like"},
		"a query":                 {Config{Region: "us-east-1", Endpoint: "http://x?a=b"}, "without user, query"},
		"no such profile":         {Config{Region: "us-east-1", Profile: "nobody"}, "nobody"},
	} {
		_, err := New(t.Context(), test.config)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		} else if strings.Contains(err.Error(), secretAPI) {
			t.Errorf("%s: the error shows a secret: %v", name, err)
		}
	}
}
