/*
Package stanza is the part of Prow's and Lighthouse's config.yaml and plugins.yaml that describes features rather than jobs:
every key that any version of them reads, with its type.

Expressions, templates and addresses are types that check themselves while they are read, so that a mistake is found at its
line and column. What needs more than one key to be judged is found by the Check methods, which report paths inside the
stanza.
*/
package stanza
