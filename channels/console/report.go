package console

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"go.uber.org/zap"

	"faqbot/channels/httpapi"
)

const reportPath = "/csp-report"

// addReports takes what browsers say about pages that wanted more than the policy
// allows: a fault of ours, or an attack. It says nothing about who looked at what.
func (c *Console) addReports() {
	limit := httpapi.NewBuckets[struct{}](httpapi.Rate{PerSecond: 1, Burst: 20}, 1)
	c.addRaw(operation{
		id: "reportPolicy", method: http.MethodPost, path: reportPath, who: anyone(),
		summary: "浏览器报告的内容安全策略违规", most: 16 << 10,
	}, func(w http.ResponseWriter, r *http.Request, _ call) {
		if limit.Take(struct{}{}) == 0 {
			c.logReport(r)
		}
		w.WriteHeader(http.StatusNoContent)
	})
}

func (c *Console) logReport(r *http.Request) {
	var body struct {
		Report struct {
			Directive string `json:"violated-directive"`
			Blocked   string `json:"blocked-uri"`
		} `json:"csp-report"`
	}
	if json.NewDecoder(r.Body).Decode(&body) != nil {
		return
	}
	directive, _, _ := strings.Cut(body.Report.Directive, " ")
	c.log.Warn("a page wanted more than its policy allows", zap.String("directive", short(directive)),
		zap.String("blocked", short(hostOf(body.Report.Blocked))))
}

// hostOf leaves out the part of an address that may hold what people typed.
func hostOf(address string) string {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return "?"
	case u.Host == "":
		return u.Scheme + u.Path // inline, eval, data
	}
	return u.Scheme + "://" + u.Host
}

func short(s string) string {
	const most = 100
	return strings.ToValidUTF8(s[:min(len(s), most)], "")
}
