package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Delivery is one webhook delivery: stored before the forge gets its answer, processed in order, then kept for a
// while as the explanation of what it caused. It has no status subresource, so that one write can both record the
// outcome and drop the payload.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:categories=pharos
// +kubebuilder:printcolumn:name="Connection",type=string,JSONPath=`.spec.connection`
// +kubebuilder:printcolumn:name="Event",type=string,JSONPath=`.spec.event`
// +kubebuilder:printcolumn:name="Subject",type=string,JSONPath=`.spec.subject`
// +kubebuilder:printcolumn:name="Phase",type=string,JSONPath=`.status.phase`
// +kubebuilder:printcolumn:name="Attempts",type=integer,JSONPath=`.status.attempts`
// +kubebuilder:printcolumn:name="Message",type=string,JSONPath=`.status.message`,priority=1
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type Delivery struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// +required
	Spec DeliverySpec `json:"spec"`
	// +optional
	Status DeliveryStatus `json:"status,omitzero"`
}

// DeliverySpec is what came in.
type DeliverySpec struct {
	// Connection that received the delivery.
	// +required
	// +kubebuilder:validation:MinLength=1
	Connection string `json:"connection"`
	// ID is the forge's delivery id; with the connection it names this object.
	// +required
	// +kubebuilder:validation:MinLength=1
	ID string `json:"id"`
	// Event is the normalised kind and action, for people: "pull_request.opened".
	// +required
	Event string `json:"event"`
	// Subject is the ordering key, for example "main:acme/app#7".
	// +required
	// +kubebuilder:validation:MinLength=1
	Subject string `json:"subject"`
	// Sender is the login that caused the event.
	// +optional
	Sender string `json:"sender,omitempty"`
	// ReceivedAt orders the deliveries of a subject, to the microsecond.
	// +required
	ReceivedAt metav1.MicroTime `json:"receivedAt"`
	// Payload is the gzip-compressed normalised event. It leaves the object once the delivery is processed; a dead letter
	// keeps it, to be replayed.
	// +optional
	Payload []byte `json:"payload,omitempty"`
	// PayloadKey names the bucket object that holds the payload instead when it is larger than 512 KiB compressed.
	// +optional
	PayloadKey string `json:"payloadKey,omitempty"`
}

// DeliveryPhase is where a delivery stands.
// +kubebuilder:validation:Enum=Pending;Retrying;Processed;Dead
type DeliveryPhase string

// Phases of a delivery. An empty phase is Pending.
const (
	DeliveryPending   DeliveryPhase = "Pending"
	DeliveryRetrying  DeliveryPhase = "Retrying"
	DeliveryProcessed DeliveryPhase = "Processed"
	// DeliveryDead has failed its last attempt; it stays visible and can be replayed.
	DeliveryDead DeliveryPhase = "Dead"
)

// Finished says that a delivery is no longer worked on.
func (p DeliveryPhase) Finished() bool { return p == DeliveryProcessed || p == DeliveryDead }

// DeliveryStatus is what became of it.
type DeliveryStatus struct {
	// +optional
	Phase DeliveryPhase `json:"phase,omitempty"`
	// Attempts made so far.
	// +optional
	Attempts int32 `json:"attempts,omitempty"`
	// NextAttempt is when a retrying delivery is tried again.
	// +optional
	NextAttempt *metav1.Time `json:"nextAttempt,omitempty"`
	// Message is the last failure, or why nothing was to be done.
	// +optional
	Message string `json:"message,omitempty"`
	// FinishedAt starts the expiry clock.
	// +optional
	FinishedAt *metav1.Time `json:"finishedAt,omitempty"`
	// Outcomes say what each plugin did, in plugin order.
	// +optional
	// +listType=atomic
	Outcomes []Outcome `json:"outcomes,omitempty"`
	// Jobs lists each job that was considered and why it runs or not.
	// +optional
	// +listType=atomic
	Jobs []JobDecision `json:"jobs,omitempty"`
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// ConditionProcessed is True once every plugin has handled the delivery.
const ConditionProcessed = "Processed"

// Outcome is one plugin's answer to a delivery.
type Outcome struct {
	// +required
	Plugin string `json:"plugin"`
	// Did lists what was done, in words a user understands.
	// +optional
	// +listType=atomic
	Did []string `json:"did,omitempty"`
	// Error is empty when the plugin finished.
	// +optional
	Error string `json:"error,omitempty"`
}

// JobDecision explains one job.
type JobDecision struct {
	// +required
	Name string `json:"name"`
	// +optional
	Context string `json:"context,omitempty"`
	// +required
	Run bool `json:"run"`
	// Reason in words: "run_if_changed matched src/main.go".
	// +required
	Reason string `json:"reason"`
	// PipelineJob is the name of the object, when it runs.
	// +optional
	PipelineJob string `json:"pipelineJob,omitempty"`
}

// DeliveryList is a list of deliveries.
//
// +kubebuilder:object:root=true
type DeliveryList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Delivery `json:"items"`
}
