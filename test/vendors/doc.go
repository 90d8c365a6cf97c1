// Package vendors holds the simulator's dialects, and with them the drivers, to what the vendors publish: OpenAPI
// documents, JSON schemas and clients of their own. The documents are read from the folder that specs.sh fills.
package vendors
