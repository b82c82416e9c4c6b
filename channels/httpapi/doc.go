// Package httpapi holds what all edges of the program share on HTTP: errors with
// numbers, security headers, request ids, the access log, the address of the
// client behind trusted proxies, and limits.
package httpapi
