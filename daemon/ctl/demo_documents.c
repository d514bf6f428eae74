/* Small PDF files that stand in for the agency's own papers; each a page of Helvetica. */
#include <errno.h>
#include <string.h>

#include "commands_all.h"
#include "demo.h"

static const struct {
    const char *id, *title, *text;
} papers[] = {
    {"placement_agreement", "Placement agreement",
     "Put your own agreement here: tickler document add FILE --id placement_agreement"},
    {"orientation", "Orientation requirements",
     "Put your own orientation paper here: tickler document add FILE --id orientation"},
    {"credentialing", "Credentialing documents",
     "Put the credentialing documents here: tickler document add FILE --id credentialing"},
};

static void begin_object(GString *pdf, gsize *offsets, int number)
{
    offsets[number] = pdf->len;
    g_string_append_printf(pdf, "%d 0 obj\n", number);
}

static GString *make_pdf(const char *title, const char *text)
{
    gsize offsets[6] = {0};
    GString *pdf = g_string_new("%PDF-1.4\n");
    g_autofree char *page =
        g_strdup_printf("BT /F1 20 Tf 72 720 Td (%s) Tj /F1 11 Tf 0 -32 Td (%s) Tj ET", title, text);
    begin_object(pdf, offsets, 1);
    g_string_append(pdf, "<< /Type /Catalog /Pages 2 0 R >>\nendobj\n");
    begin_object(pdf, offsets, 2);
    g_string_append(pdf, "<< /Type /Pages /Kids [3 0 R] /Count 1 >>\nendobj\n");
    begin_object(pdf, offsets, 3);
    g_string_append(pdf, "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
                         "/Resources << /Font << /F1 5 0 R >> >> >>\nendobj\n");
    begin_object(pdf, offsets, 4);
    g_string_append_printf(pdf, "<< /Length %zu >>\nstream\n%s\nendstream\nendobj\n", strlen(page), page);
    begin_object(pdf, offsets, 5);
    g_string_append(pdf, "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>\nendobj\n");
    gsize table = pdf->len;
    g_string_append(pdf, "xref\n0 6\n0000000000 65535 f \n");
    for (int number = 1; number <= 5; number++)
        g_string_append_printf(pdf, "%010zu 00000 n \n", offsets[number]);
    g_string_append_printf(pdf, "trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n%zu\n%%%%EOF\n", table);
    return pdf;
}

gboolean demo_documents(const struct demo *demo)
{
    g_autofree char *folder = g_build_filename(demo->folder, "documents", NULL);
    if (g_mkdir_with_parents(folder, 0755) != 0) {
        refuse("cannot make %s: %s", folder, g_strerror(errno));
        return FALSE;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(papers); i++) {
        g_autofree char *file = g_strconcat(papers[i].id, ".pdf", NULL), *path = g_build_filename(folder, file, NULL);
        g_autoptr(GString) pdf = make_pdf(papers[i].title, papers[i].text);
        g_autoptr(GError) error = NULL;
        if (!g_file_set_contents(path, pdf->str, (gssize)pdf->len, &error)) {
            refuse("%s", error->message);
            return FALSE;
        }
    }
    return TRUE;
}
