"""What shows a running lab: its map, logs, traces, queues, requests, news."""
