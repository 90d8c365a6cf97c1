// Package github is GitHub.com and GitHub Enterprise Server, as a user with a token or as a GitHub App.
//
// A pull request is an issue too: labels, assignees, milestones and comments on the whole of it are an issue's. Comments on
// lines of code are kept apart; their ids begin with "r" here.
package github
