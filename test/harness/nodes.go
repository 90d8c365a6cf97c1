package harness

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// OpenNodeLogs stands in front of the API server and answers requests for log files of nodes as a kubelet does, which is a file
// server on the folder of all pods' logs; everything else passes. The API server would pass them on to the kubelet itself, but
// not to a node on the loopback interface, as the local cluster's is. It returns a kubeconfig, written to dir, that leads
// through it.
func OpenNodeLogs(c *Cluster, dir string) (kubeconfig string, closed func(), err error) {
	cfg, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig)
	if err != nil {
		return "", nil, fmt.Errorf("read kubeconfig: %w", err)
	}
	cfg.NextProtos = []string{"http/1.1"} // streams of many clients must not share one connection's window
	transport, err := rest.TransportFor(cfg)
	if err != nil {
		return "", nil, fmt.Errorf("reach the API server: %w", err)
	}
	target, err := url.Parse(cfg.Host)
	if err != nil {
		return "", nil, fmt.Errorf("read kubeconfig: %w", err)
	}
	pods := http.FileServer(http.Dir(filepath.Join(c.Root, "pod-logs")))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/nodes/{node}/proxy/logs/pods/{path...}", func(w http.ResponseWriter, r *http.Request) {
		http.StripPrefix("/api/v1/nodes/"+r.PathValue("node")+"/proxy/logs/pods", pods).ServeHTTP(w, r)
	})
	mux.Handle("/", &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport:     transport,
		FlushInterval: -1, // watches and logs are read as they come
	})
	server := httptest.NewServer(mux)
	config := clientcmdapi.NewConfig()
	config.Clusters["local"] = &clientcmdapi.Cluster{Server: server.URL}
	config.Contexts["local"] = &clientcmdapi.Context{Cluster: "local"}
	config.CurrentContext = "local"
	kubeconfig = filepath.Join(dir, "kubeconfig-nodes")
	if err := clientcmd.WriteToFile(*config, kubeconfig); err != nil {
		server.Close()
		return "", nil, fmt.Errorf("write kubeconfig: %w", err)
	}
	return kubeconfig, server.Close, nil
}
