package console

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"faqbot/bot/staff"
)

// Limits of reading the log.
const (
	auditPage  = 50
	exportPage = 500
)

func (c *Console) addAudit() {
	read := needs(staff.ReadAudit)
	add(c, operation{id: "listAudit", method: http.MethodGet, path: "/audit", who: read, summary: "操作日志"}, c.listAudit)
	add(c, operation{id: "verifyAudit", method: http.MethodPost, path: "/audit/verify", who: read, summary: "校验操作日志是否被改动"}, c.verifyAudit)
	add(c, operation{id: "exportAudit", method: http.MethodPost, path: "/audit/export", who: read, summary: "导出操作日志（CSV）"}, c.exportAudit)
}

// AuditRecord is one line of the log.
type AuditRecord struct {
	N       int64  `json:"n"`
	At      int64  `json:"at"`
	Account string `json:"account"`
	Name    string `json:"name"`
	Network string `json:"network"`
	Browser string `json:"browser"`
	What    string `json:"what"`
	Object  string `json:"object"`
	Before  string `json:"before" doc:"JSON，没有则为空"`
	After   string `json:"after" doc:"JSON，没有则为空"`
	OK      bool   `json:"ok"`
	Why     string `json:"why"`
	Hash    string `json:"hash"`
}

func auditRecordOf(r staff.Record) AuditRecord {
	return AuditRecord{
		N: r.N, At: millis(r.At), Account: r.Account, Name: r.Name, Network: r.Network, Browser: r.Browser,
		What: r.What, Object: r.Object, Before: r.Before, After: r.After, OK: r.OK, Why: r.Why, Hash: r.Hash,
	}
}

// AuditChoice chooses lines of the log; what is empty chooses all. Times are Unix
// milliseconds.
type AuditChoice struct {
	Account string `json:"account,omitempty" maxLength:"64"`
	What    string `json:"what,omitempty" maxLength:"100" doc:"操作，或其开头"`
	Object  string `json:"object,omitempty" maxLength:"200"`
	Since   int64  `json:"since,omitempty" minimum:"0"`
	Until   int64  `json:"until,omitempty" minimum:"0"`
}

func (a AuditChoice) filter() staff.AuditFilter {
	return staff.AuditFilter{Account: a.Account, What: a.What, Object: a.Object, Since: moment(a.Since), Until: moment(a.Until)}
}

func moment(millis int64) time.Time {
	if millis == 0 {
		return time.Time{}
	}
	return time.UnixMilli(millis)
}

type listAuditInput struct {
	Account string `query:"account" maxLength:"64"`
	What    string `query:"what" maxLength:"100"`
	Object  string `query:"object" maxLength:"200"`
	Since   int64  `query:"since" minimum:"0"`
	Until   int64  `query:"until" minimum:"0"`
	Before  int64  `query:"before" minimum:"0" doc:"只要编号小于它的；0 表示最新的"`
}

// AuditPage is lines of the log, the newest first.
type AuditPage struct {
	Records []AuditRecord `json:"records" nullable:"false"`
	More    bool          `json:"more" doc:"还有更早的"`
}

func (c *Console) listAudit(ctx context.Context, who call, in *listAuditInput) (*body[AuditPage], error) {
	filter := AuditChoice{in.Account, in.What, in.Object, in.Since, in.Until}.filter()
	records, err := c.staff.Audit(ctx, who.Identity, filter, in.Before, auditPage+1)
	if err != nil {
		return nil, err
	}
	page := AuditPage{Records: []AuditRecord{}, More: len(records) > auditPage}
	for _, r := range records[:min(len(records), auditPage)] {
		page.Records = append(page.Records, auditRecordOf(r))
	}
	return &body[AuditPage]{page}, nil
}

// Verdict is whether the log is whole.
type Verdict struct {
	Whole   bool  `json:"whole"`
	Checked int64 `json:"checked" doc:"校验了多少条"`
	Broken  int64 `json:"broken,omitempty" doc:"第一条对不上的编号"`
}

func (c *Console) verifyAudit(ctx context.Context, _ call, _ *none) (*body[Verdict], error) {
	checked, err := c.staff.VerifyAudit(ctx)
	var broken *staff.BrokenError
	if errors.As(err, &broken) {
		return &body[Verdict]{Verdict{Checked: checked, Broken: broken.N}}, nil
	}
	return &body[Verdict]{Verdict{Whole: true, Checked: checked}}, err
}

type exportAuditInput struct {
	Body struct {
		AuditChoice
		Reason string `json:"reason" minLength:"2" maxLength:"200" doc:"导出原因，会记入操作日志"`
	}
}

type csvOutput struct {
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        func(huma.Context)
}

// exportAudit writes the log as CSV. That it was taken out is noted before the
// first line leaves, or nothing leaves.
func (c *Console) exportAudit(ctx context.Context, who call, in *exportAuditInput) (*csvOutput, error) {
	act := staff.Act{What: "audit.export", After: in.Body.AuditChoice, OK: true, Why: in.Body.Reason}
	if err := c.staff.Record(ctx, who.Identity, act, who.from); err != nil {
		return nil, fmt.Errorf("note the export: %w", err)
	}
	filter := in.Body.filter()
	read := func(before int64) ([]staff.Record, error) {
		return c.staff.Audit(ctx, who.Identity, filter, before, exportPage)
	}
	first, err := read(0)
	if err != nil {
		return nil, err
	}
	return &csvOutput{
		ContentType: "text/csv; charset=utf-8",
		Disposition: `attachment; filename="audit-` + c.config.Now().Format("20060102-150405") + `.csv"`,
		Body: func(out huma.Context) {
			if err := writeAudit(out.BodyWriter(), first, read); err != nil {
				_ = c.problem(ctx, "exportAudit", err) // logs it
				panic(http.ErrAbortHandler)            // a file that is cut off must not look whole
			}
		},
	}, nil
}
