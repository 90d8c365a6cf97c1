// Package inbox keeps webhook deliveries as Delivery objects from the moment before they are acknowledged until they
// expire. [Inbox] stores them, idempotent by delivery id; [Worker] works them off, one at a time per subject in the order
// of arrival, with retries and a dead letter at the end; [Expiry] removes the old ones.
//
// It knows nothing of what an event means: a Dispatcher is handed in.
package inbox
