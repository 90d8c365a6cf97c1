// Package git drives the git binary: it checks out what a job tests, the base of each repository with every pull request
// merged onto it, so that the same refs always give the same commits, and it reads single files of such a merge from
// mirrors that hold no contents but those.
//
// It takes refs as the forge described them and treats them as hostile: names are validated, options end before them,
// only network transports are allowed, nothing ever prompts. It decides nothing about jobs and keeps no state but the
// working trees and mirrors it is told to make.
package git
