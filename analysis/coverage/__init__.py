"""The coverage campaign, enrolment by payroll and by project, quarterly returns and roster."""
