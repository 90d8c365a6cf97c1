package storage

import (
	"cmp"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	smithy "github.com/aws/smithy-go"
)

func errorCode(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return ""
}

// answer is the HTTP status of a refusal and the region that it names; both are zero without one.
func answer(err error) (int, string) {
	refusal, ok := errors.AsType[*awshttp.ResponseError](err)
	if !ok || refusal.Response == nil {
		return 0, ""
	}
	return refusal.Response.StatusCode, refusal.Response.Header.Get("X-Amz-Bucket-Region")
}

// explain makes an absent key or upload ErrNotExist, and tells the remedy for what is wrong in the configuration. An absent
// bucket is of the latter.
func (s *S3Store) explain(err error) error {
	if err == nil {
		return nil
	}
	if ofTokenService(err) {
		return explainToken(err)
	}
	switch errorCode(err) {
	case "NoSuchKey", "NotFound", "NoSuchUpload":
		return fmt.Errorf("%w: %w", ErrNotExist, err)
	}
	if remedy := s.remedy(err); remedy != "" {
		return fmt.Errorf("%s: %w", remedy, err)
	}
	return err
}

// ofTokenService tells whether the request for credentials failed, before any request to the bucket.
func ofTokenService(err error) bool {
	call, ok := errors.AsType[*smithy.OperationError](err)
	for ; ok; call, ok = errors.AsType[*smithy.OperationError](call.Err) {
		if call.ServiceID == sts.ServiceID {
			return true
		}
	}
	return false
}

func explainToken(err error) error {
	if status, _ := answer(err); status == 0 {
		return fmt.Errorf("cannot reach the token service; check its endpoint: %w", err)
	}
	return fmt.Errorf("the token service gives no credentials; correct the role, its trust in the token's issuer, or the token: %w", err)
}

func unknownAuthority(err error) bool {
	_, ok := errors.AsType[x509.UnknownAuthorityError](err)
	return ok
}

func (s *S3Store) remedy(err error) string {
	if unknownAuthority(err) {
		return fmt.Sprintf("the certificate of %s is of an unknown authority; name a file with the authority's", s.at())
	}
	status, region := answer(err)
	switch errorCode(err) {
	case "NoSuchBucket":
		return fmt.Sprintf("bucket %s does not exist at %s; create it or name another", s.bucket, s.at())
	case "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "MovedPermanently":
		return s.elsewhere(region)
	case "BadRequest": // the code of any answer without a body
		if region != "" && region != s.region {
			return s.elsewhere(region)
		}
	case "RequestTimeTooSkewed":
		return fmt.Sprintf("the clocks of this machine and of %s differ by more than the server allows; synchronise them", s.at())
	case "SignatureDoesNotMatch":
		return fmt.Sprintf("%s computed another signature; correct the secret key, or the proxy before it that changes "+
			"host names, paths or headers", s.at())
	case "InvalidAccessKeyId", "XAdminUserNotFound":
		return fmt.Sprintf("%s does not know the access key; correct it", s.at())
	case "ExpiredToken", "InvalidToken":
		return fmt.Sprintf("%s takes the session token for expired or foreign; renew the credentials", s.at())
	}
	if status == http.StatusForbidden {
		return fmt.Sprintf("%s refuses this on bucket %s; grant the credentials s3:GetObject, s3:PutObject, s3:DeleteObject, "+
			"s3:ListBucket, s3:AbortMultipartUpload, s3:ListMultipartUploadParts and s3:ListBucketMultipartUploads", s.at(), s.bucket)
	}
	return ""
}

// elsewhere is the remedy for a bucket of another region, where the server says which.
func (s *S3Store) elsewhere(region string) string {
	if region != "" && region != s.region {
		return fmt.Sprintf("bucket %s is in region %s and not at %s; set that region", s.bucket, region, s.at())
	}
	return fmt.Sprintf("bucket %s is not at %s; set its region and endpoint", s.bucket, s.at())
}

// at is the server, for errors.
func (s *S3Store) at() string {
	return fmt.Sprintf("%s (region %s)", cmp.Or(s.endpoint, "AWS"), s.region)
}
