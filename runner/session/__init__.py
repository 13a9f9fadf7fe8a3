"""A session measures plans under one methodology: trials in fresh processes, interleaved, then one sealed bundle for each plan."""
