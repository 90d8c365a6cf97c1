package main

import (
	"github.com/spf13/cobra"

	"github.com/pharos-ci/pharos/pkg/app"
)

func serve() *cobra.Command {
	o := app.Options{Version: version}
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Takes webhooks, runs jobs, reports and shows them",
		Long: "Runs the server. Every replica takes webhooks and shows the dashboard; one elected leader processes deliveries and\n" +
			"looks after runs. SIGTERM drains: requests finish, everything else is taken up by the next leader.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return app.Serve(cmd.Context(), o) },
	}
	configFlags(cmd, &o.Config)
	f := cmd.Flags()
	f.StringVar(&o.Kubeconfig, "kubeconfig", "", "kubeconfig of the cluster; the default is the pod's own, then $KUBECONFIG")
	f.StringSliceVar(&o.Only, "only", nil, "parts to run: webhook, controller, dashboard; the default is all")
	f.StringVar(&o.WebhookAddress, "webhook-address", ":8080", "address that takes webhooks at /hook/<connection>")
	f.StringVar(&o.DashboardAddress, "dashboard-address", ":8081", "address of the dashboard")
	f.StringVar(&o.MetricsAddress, "metrics-address", ":9090", "address of /metrics, /healthz and /readyz")
	f.StringVar(&o.PprofAddress, "pprof-address", "", "address of Go's profiles at /debug/pprof; off if empty")
	f.StringVar(&o.DashboardURL, "dashboard-url", "", "address that people reach the dashboard at; statuses link to it; the default is plank.job_url_prefix_config")
	f.StringVar(&o.WebhookURL, "webhook-url", "", "address at which the forges reach Pharos, as given to hooks sync; with it, GitHub is asked for what failed to arrive during a downtime")
	f.StringVar(&o.CacheDir, "cache-dir", "", "folder for mirrors of repositories, the index of runs and logs on their way to the store; it may be emptied while Pharos is down; the default is the user's own cache folder")
	f.StringVar(&o.Image, "image", "", "Pharos's own image, which runs the clone step of decorated jobs")
	f.StringVar(&o.ArtifactsAddress, "artifacts-address", ":8083", "address that takes the artifacts of runs")
	f.StringVar(&o.ArtifactsURL, "artifacts-url", "", "address at which the pods of runs reach --artifacts-address; without it no artifacts are kept")
	f.BoolVar(&o.NodeLogs, "node-logs", false, "read log files that kubelets rotated away during a downtime from the nodes; needs get on nodes/proxy, which is nearly the kubelet's own power")
	f.BoolVar(&o.LeaderElect, "leader-elect", true, "elect a leader; only a lone replica can do without")
	f.StringVar(&o.LogLevel, "log-level", "", "debug, info, warn or error; the default is log_level in config.yaml")
	return cmd
}
