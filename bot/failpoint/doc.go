// Package failpoint lets a test kill the program at a named point. In a normal
// build Hit is empty and costs nothing. In a build with the tag failpoint the
// variable FAQBOT_FAILPOINT, as NAME:N, names the point at whose N-th hit the
// process kills itself, as if the power had gone.
//
// The crash test, cmd/crashtest, knows the names; see its Points.
package failpoint
