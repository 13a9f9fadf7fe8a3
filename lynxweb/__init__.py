"""The site: accounts, audit log, registry, API and pages."""
