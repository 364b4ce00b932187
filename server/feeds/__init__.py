"""What vendors publish about holes and support ends: their files in, the small canonical form that is judged by out."""
