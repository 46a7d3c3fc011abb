"""What a study has found: ranking, tables, figures, report."""
